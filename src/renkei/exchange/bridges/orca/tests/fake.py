"""A 日レセ on loopback that answers in the published form; built from the field list, so that both sides read the same paper."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

USER, PASSWORD = "ormaster", "orca-no-himitsu"
VALUES = {
    "Api_Result": "00",
    "Api_Result_Message": "処理終了",
    "Patient_Information/Patient_ID": "00017",
    "Patient_Information/WholeName": "連携　花子",
    "Patient_Information/WholeName_inKana": "レンケイ　ハナコ",
    "Patient_Information/BirthDate": "1975-01-01",
    "Patient_Information/Sex": "2",
    "Patient_Information/Home_Address_Information/Address_ZipCode": "2590000",
    "Patient_Information/Home_Address_Information/WholeAddress1": "神奈川県みどり市緑町",
    "Patient_Information/Home_Address_Information/WholeAddress2": "６−１６−３",
    "Patient_Information/Home_Address_Information/PhoneNumber1": "0463-00-2222",
    "Patient_Information/Home_Address_Information/PhoneNumber2": "0463-00-1133",
    "Patient_Information/Occupation": "教員",
}
CARD = {
    "InsuranceProvider_Number": "138057",
    "HealthInsuredPerson_Symbol": "０１",
    "HealthInsuredPerson_Number": "１２３４５６７",
    "HealthInsuredPerson_Branch_Number": "01",
    "Certificate_StartDate": "2010-05-01",
    "Certificate_ExpiredDate": "9999-12-31",
}
OLD_CARD = CARD | {"HealthInsuredPerson_Number": "９９９", "Certificate_ExpiredDate": "2015-03-31"}
MY_NUMBER = "123456789018"


def _leaf(tag: str, value: str) -> str:
    return f'<{tag} type="string">{escape(value)}</{tag}>'


def answer(**changes: str) -> str:
    """``xmlio2`` of a patient; ``changes`` by the last word of a path."""
    values = {path: changes.get(path.rsplit("/", 1)[-1], value) for path, value in VALUES.items()}
    top = [_leaf(p, v) for p, v in values.items() if "/" not in p]
    patient = [_leaf(p.split("/")[1], v) for p, v in values.items() if p.count("/") == 1]
    home = [_leaf(p.split("/")[2], v) for p, v in values.items() if p.count("/") == 2]
    cards = "".join(
        f'<HealthInsurance_Information_child type="record">{"".join(_leaf(t, v) for t, v in card.items())}'
        "</HealthInsurance_Information_child>"
        for card in (OLD_CARD, CARD)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><xmlio2><patientinfores type="record">'
        f'{"".join(top)}<Patient_Information type="record">{"".join(patient)}'
        f'<Home_Address_Information type="record">{"".join(home)}</Home_Address_Information>'
        f'<HealthInsurance_Information type="array">{cards}</HealthInsurance_Information>'
        '<Individual_Number type="array"><Individual_Number_child type="record">'
        f"{_leaf('In_Number', MY_NUMBER)}</Individual_Number_child></Individual_Number>"
        "</Patient_Information></patientinfores></xmlio2>"
    )


NOBODY = (
    '<xmlio2><patientinfores type="record"><Api_Result type="string">10</Api_Result>'
    '<Api_Result_Message type="string">患者番号に該当する患者が存在しません</Api_Result_Message>'
    "</patientinfores></xmlio2>"
)


@dataclass
class Fake:
    """Its address, and what it answers to number 17 instead of the usual."""

    url: str = ""
    body: bytes | None = None
    status: int = 200
    asked: list[str] = field(default_factory=list)


@contextmanager
def running() -> Iterator[Fake]:
    """A 日レセ for the length of the block."""
    told = Fake()
    right = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            told.asked.append(self.path)
            number = parse_qs(parts.query).get("id", [""])[0]
            if self.headers.get("Authorization") != right:
                return self._say(401, b"")
            if parts.path != "/api01rv2/patientgetv2":
                return self._say(404, b"")
            usual = answer() if number.lstrip("0") == "17" else NOBODY
            return self._say(told.status, told.body if told.body is not None else usual.encode())

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/xml; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Silent."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join()
