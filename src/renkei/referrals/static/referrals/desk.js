/* The desk: the detail belongs to the chosen row from the first moment, so that a key never acts on the row before;
   after a move the list and the counters are asked at once instead of in five seconds. */
(() => {
  "use strict";
  document.addEventListener("ui:select", () => {
    document.getElementById("detail")?.replaceChildren();
  });
  document.body.addEventListener("renkei:moved", () => {
    document.dispatchEvent(new Event("visibilitychange"));
  });
})();
