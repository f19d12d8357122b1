"""The wall of this module in SQL, for its first migration.

A guest is nobody to the database. Two narrow functions of ``gate_reader`` answer them: how many open requests a number has
at one house, and where the request with this code and telephone number stands. No policy opens a row to a guest.
"""

from __future__ import annotations

HOUSE = "facility_id = (SELECT gate_facility())"
OPEN_PAGE = "EXISTS (SELECT FROM guests_guestpage p WHERE p.facility_id = {table}.facility_id AND p.is_open)"
HANDED = (
    "state = 'waiting' AND called_at IS NULL AND decided_at IS NULL AND referral_id IS NULL AND identity = '' AND "
    + OPEN_PAGE.format(table="guests_guestrequest")
)
FILE_HANDED = OPEN_PAGE.format(table="guests_guestfile")
_FENCE = "SECURITY DEFINER SET search_path = public, pg_temp"

_OPEN = f"""CREATE FUNCTION guests_open(house bigint, digits text, number text) RETURNS integer
  LANGUAGE sql STABLE {_FENCE} AS $$
  SELECT count(*)::integer FROM guests_guestrequest r
   WHERE r.facility_id = house AND r.state IN ('waiting', 'confirmed')
     AND (r.phone_digits = digits OR r.institution_number = number) $$"""

_STATE = f"""CREATE FUNCTION guests_state(wanted text, digits text)
  RETURNS TABLE (state varchar, kind_label varchar, asked_at timestamptz, house varchar, house_phone varchar,
                 appointment_at timestamptz)
  LANGUAGE sql STABLE {_FENCE} AS $$
  SELECT r.state, r.kind_label, r.asked_at, f.name, f.phone, x.appointment_at
    FROM guests_guestrequest r JOIN directory_facility f ON f.id = r.facility_id
    LEFT JOIN referrals_referral x ON x.id = r.referral_id
   WHERE r.code = wanted AND r.phone_digits = digits $$"""

FUNCTIONS = [
    _OPEN,
    "ALTER FUNCTION guests_open(bigint, text, text) OWNER TO gate_reader",
    _STATE,
    "ALTER FUNCTION guests_state(text, text) OWNER TO gate_reader",
]
