"""The wall of this module in SQL, for its migrations.

A bearer's token is looked up before anybody is known. As at log-in this is a narrow question to a function of
``gate_reader`` that wants the digest of 256 random bits; no policy opens a row to nobody.
"""

from __future__ import annotations

HOUSE = "facility_id = (SELECT gate_facility())"
GRANTS = {
    # A person sees and ends what they allowed, also while they work for another house.
    "seen": f"{HOUSE} OR person_id = (SELECT gate_person())",
    "added": f"{HOUSE} AND person_id = (SELECT gate_person())",
}
_FENCE = "SECURITY DEFINER SET search_path = public, pg_temp"

_DOOR = f"""CREATE FUNCTION clients_door(wanted text) RETURNS TABLE (client bigint, facility bigint, facility_name varchar)
  LANGUAGE sql STABLE {_FENCE} AS $$
  SELECT c.id, c.facility_id, f.name FROM clients_client c JOIN directory_facility f ON f.id = c.facility_id
   WHERE c.client_id = wanted $$"""

# Everything that decides about one request, in one look: each join is by primary key behind the unique digest.
_BEARER = f"""CREATE FUNCTION clients_bearer(wanted text)
  RETURNS TABLE (expires_at timestamptz, dead boolean, scopes varchar[], client bigint, client_name varchar,
                 enabled boolean, allowed varchar[], addresses varchar[], rate integer, facility bigint,
                 facility_name varchar, closed_on date, grant_id bigint, person bigint, person_name varchar,
                 person_active boolean, membership bigint, roles varchar[], title varchar, started_on date, ended_on date)
  LANGUAGE sql STABLE {_FENCE} AS $$
  SELECT least(t.expires_at, g.expires_at),
         t.revoked_at IS NOT NULL OR t.issued_at < c.tokens_valid_from OR g.ended_at IS NOT NULL,
         t.scopes, c.id, c.name, c.enabled, c.scopes, c.addresses, c.rate_per_minute, f.id, f.name, f.closed_on,
         g.id, p.id, p.name, p.is_active, m.id, m.roles, m.title, m.started_on, m.ended_on
    FROM clients_issuedtoken t
    JOIN clients_client c ON c.id = t.client_id
    JOIN directory_facility f ON f.id = c.facility_id
    LEFT JOIN clients_appgrant g ON g.id = t.grant_id
    LEFT JOIN accounts_person p ON p.id = g.person_id
    LEFT JOIN accounts_membership m ON m.id = g.membership_id
   WHERE t.token_digest = wanted AND t.kind = 'access' $$"""

# A bucket that fills with ``rate`` permits a minute and holds a minute's worth; all web processes draw from it. The
# time is the database's: processes may disagree about it, and the demo moves the product's. Losing the last second of
# counting in a crash is harmless, so the commit does not wait for the disk.
_TAKE = """CREATE FUNCTION clients_take(house bigint, client bigint, rate integer, wanted integer, came_from text)
  RETURNS TABLE (taken integer, wait_seconds double precision)
  LANGUAGE plpgsql VOLATILE SET search_path = public, pg_temp AS $$
  DECLARE have double precision; before timestamptz; at timestamptz;
  BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    INSERT INTO clients_clientuse AS u (facility_id, client_id, permits, filled_at, last_address)
      VALUES (house, client, rate, clock_timestamp(), '') ON CONFLICT ON CONSTRAINT clients_clientuse_client_id_key DO NOTHING;
    SELECT u.permits, u.filled_at INTO have, before FROM clients_clientuse u WHERE u.client_id = client FOR UPDATE;
    at := clock_timestamp();
    have := least(rate, have + rate * greatest(extract(epoch FROM at - before), 0) / 60);
    taken := least(wanted, floor(have))::integer;
    wait_seconds := CASE WHEN taken > 0 THEN 0 ELSE (1 - have) * 60 / rate END;
    UPDATE clients_clientuse u SET permits = have - taken, filled_at = at, last_used_at = gate_now(),
           last_address = left(came_from, 60) WHERE u.client_id = client;
    RETURN NEXT;
  END $$"""

FUNCTIONS = [
    _DOOR,
    "ALTER FUNCTION clients_door(text) OWNER TO gate_reader",
    _BEARER,
    "ALTER FUNCTION clients_bearer(text) OWNER TO gate_reader",
    _TAKE,
]

# A browser asks for a page's origin before any token is shown. The answer is yes or no for one origin, never a list.
ORIGINS = [
    f"""CREATE FUNCTION clients_origin(wanted text) RETURNS boolean
  LANGUAGE sql STABLE {_FENCE} AS $$
  SELECT EXISTS (
    SELECT 1 FROM clients_client c, unnest(c.redirect_uris) AS place
     WHERE c.enabled AND c.kind = 'app' AND c.login = 'none'
       AND regexp_replace(lower(substring(place FROM '^https://[^/?]+')), ':443$', '') = wanted) $$""",
    "ALTER FUNCTION clients_origin(text) OWNER TO gate_reader",
]
