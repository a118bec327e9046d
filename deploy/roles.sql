-- psql runs this once, in the new database server: one role owns the tables, another one writes to
-- them. The second may only add to the audit log.
\set owner_password `cat /run/secrets/owner_password`
\set console_password `cat /run/secrets/console_password`
CREATE ROLE owner LOGIN PASSWORD :'owner_password';
CREATE ROLE console LOGIN PASSWORD :'console_password';
CREATE DATABASE console OWNER owner;
REVOKE ALL ON DATABASE console FROM PUBLIC;
GRANT CONNECT ON DATABASE console TO console;
