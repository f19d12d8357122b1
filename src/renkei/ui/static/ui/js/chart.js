/* Line charts: [data-chart] carries the numbers as JSON. uPlot is fetched when the first chart appears. Reference bands and
   thresholds lie behind the lines, the name and last value stand at the line's end, missing values leave a gap. */
(() => {
  "use strict";
  const drawn = new Map();
  let library = null;

  function load() {
    library ??= new Promise((done, failed) => {
      const meta = document.querySelector("meta[name=uplot]");
      const style = document.createElement("link");
      style.rel = "stylesheet";
      style.href = meta.dataset.style;
      const script = document.createElement("script");
      script.src = meta.dataset.script;
      script.onload = () => done(window.uPlot);
      script.onerror = failed;
      document.head.append(style, script);
    });
    return library;
  }

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const lineTones = ["key", "danger", "success", "purple"];
  const lineDashes = [[], [6, 3], [2, 3], [8, 3, 2, 3]];

  function behind(data) {
    return (plot) => {
      const { ctx, bbox } = plot;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      ctx.font = font(devicePixelRatio);
      ctx.textBaseline = "top";
      ctx.textAlign = "left";
      for (const band of data.bands) {
        const top = plot.valToPos(band.high, "y", true);
        ctx.fillStyle = color("success-soft");
        ctx.fillRect(bbox.left, top, bbox.width, plot.valToPos(band.low, "y", true) - top);
        ctx.fillStyle = color("success");
        ctx.fillText(band.label, bbox.left + 4 * devicePixelRatio, Math.max(top, bbox.top) + 3 * devicePixelRatio);
      }
      for (const limit of data.thresholds) {
        const y = plot.valToPos(limit.value, "y", true);
        ctx.strokeStyle = color("danger");
        ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
        ctx.beginPath();
        ctx.moveTo(bbox.left, y);
        ctx.lineTo(bbox.left + bbox.width, y);
        ctx.stroke();
      }
      ctx.restore();
    };
  }

  /* The name of a threshold stands over the lines, in its own ground, at the end of the plot where the lines are farther away. */
  function limits(data) {
    return (plot) => {
      const { ctx, bbox } = plot;
      const air = 4 * devicePixelRatio;
      const away = (limit, n) => Math.min(...data.series.map((line) => Math.abs((line.values.at(n) ?? Infinity) - limit.value)));
      ctx.save();
      ctx.font = font(devicePixelRatio);
      ctx.textBaseline = "bottom";
      ctx.lineJoin = "round";
      ctx.lineWidth = air;
      ctx.strokeStyle = color("surface");
      ctx.fillStyle = color("danger");
      for (const limit of data.thresholds) {
        const right = away(limit, -2) > away(limit, 1);
        ctx.textAlign = right ? "right" : "left";
        const place = [limit.label, right ? bbox.left + bbox.width - air : bbox.left + air, plot.valToPos(limit.value, "y", true) - air / 2];
        ctx.strokeText(...place);
        ctx.fillText(...place);
      }
      ctx.restore();
    };
  }

  const font = (scale) => `${11 * scale}px "BIZ UDPGothic", "Noto Sans JP", sans-serif`;

  const lastOf = (line) => line.values.reduce((at, value, n) => (value === null ? at : n), -1);
  const nameOf = (line, last, digits) => `${line.label} ${line.values[last].toFixed(digits)}`;

  /* Room at the right for the longest name, in CSS pixels. */
  function roomForNames(data) {
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = `bold ${font(1)}`;
    const wide = data.series.map((line) => [line, lastOf(line)]).filter(([, last]) => last >= 0)
      .map(([line, last]) => pen.measureText(nameOf(line, last, data.digits)).width);
    return Math.ceil(Math.max(0, ...wide)) + 12;
  }

  function names(data) {
    return (plot) => {
      const { ctx } = plot;
      ctx.save();
      ctx.font = `bold ${font(devicePixelRatio)}`;
      ctx.textBaseline = "middle";
      ctx.textAlign = "left";
      const taken = [];
      data.series.forEach((line, i) => {
        const last = lastOf(line);
        if (last < 0) return;
        const text = nameOf(line, last, data.digits);
        const x = plot.valToPos(plot.data[0][last], "x", true) + 7 * devicePixelRatio;
        let y = plot.valToPos(line.values[last], "y", true);
        while (taken.some((other) => Math.abs(other - y) < 13 * devicePixelRatio)) y += 13 * devicePixelRatio;
        taken.push(y);
        ctx.fillStyle = color(lineTones[i % 4]);
        ctx.fillText(text, x, y);
      });
      ctx.restore();
    };
  }

  function range(data) {
    const numbers = data.series.flatMap((line) => line.values).filter((value) => value !== null)
      .concat(data.bands.flatMap((band) => [band.low, band.high]), data.thresholds.map((limit) => limit.value));
    if (!numbers.length) return [0, 1];
    const low = Math.min(...numbers);
    const high = Math.max(...numbers);
    const air = (high - low || Math.abs(high) || 1) * 0.12;
    return [low - air, high + air];
  }

  function options(data, box, uPlot) {
    const axis = { stroke: color("text-2"), font: `11px "BIZ UDPGothic", sans-serif`, grid: { stroke: color("line"), width: 1 }, ticks: { stroke: color("line"), width: 1 } };
    return {
      width: box.clientWidth, height: box.clientHeight, padding: [8, roomForNames(data), 0, 0], legend: { show: false }, cursor: { show: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Asia/Tokyo"),
      scales: { y: { range: () => range(data) } },
      axes: [
        data.by_month
          ? { ...axis, size: 28, splits: monthTicks, values: (_, ticks) => ticks.map(shortMonth) }
          : { ...axis, size: 28, space: 56, incrs: [1, 7, 14, 28, 91, 182, 365].map((days) => days * 86400), values: (_, ticks) => ticks.map(shortDay) },
        { ...axis, size: 44 },
      ],
      series: [{}, ...data.series.map((line, i) => ({
        label: line.label, stroke: color(lineTones[i % 4]), width: 2, dash: lineDashes[i % 4], spanGaps: false,
        points: { show: true, size: 6, fill: color("surface") },
      }))],
      hooks: { drawAxes: [behind(data)], draw: [limits(data), names(data)] },
    };
  }

  // As many first days of months as have room; their distance divides a year, so that the same months stand there again.
  function monthTicks(plot) {
    const months = plot.data[0];
    const room = Math.max(1, Math.floor(plot.bbox.width / devicePixelRatio / 52));
    const step = [1, 2, 3, 4, 6, 12].find((n) => months.length / n <= room) ?? 12;
    return months.filter((_, i) => i % step === 0);
  }

  function shortMonth(seconds, i) {
    const [year, month] = new Date(seconds * 1000 + 9 * 3600000).toISOString().slice(0, 7).split("-").map(Number);
    return month === 1 || i === 0 ? `${year}/${month}` : `${month}月`;
  }

  function shortDay(seconds) {
    const [year, month, day] = new Date(seconds * 1000 + 9 * 3600000).toISOString().slice(0, 10).split("-").map(Number);
    return month === 1 && day < 8 ? `${year}/${month}/${day}` : `${month}/${day}`;
  }

  async function draw(box) {
    let uPlot;
    try {
      uPlot = await load();
    } catch {
      box.textContent = "グラフを描けませんでした。下の表で見られます。";
      return;
    }
    drawn.get(box)?.destroy();
    const data = JSON.parse(box.dataset.chart);
    const days = data.days.map((day) => Date.parse(`${day}T00:00:00+09:00`) / 1000);
    drawn.set(box, new uPlot(options(data, box, uPlot), [days, ...data.series.map((line) => line.values)], box));
  }

  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      drawn.get(target)?.setSize({ width: target.clientWidth, height: target.clientHeight });
    }
  });
  document.addEventListener("ui:theme", () => {
    for (const box of drawn.keys()) {
      if (box.isConnected) draw(box);
      else drawn.delete(box);
    }
  });
  ui.onLoad((root) => {
    for (const box of ui.all(root, "[data-chart]")) {
      if (drawn.has(box)) continue;
      drawn.set(box, null);
      resized.observe(box);
      draw(box);
    }
  });
})();
