-- SPDX-License-Identifier: Apache-2.0
-- The database of mfx-write-postgres, its owner, and a reader.
-- Wants the variables `password` and `reader`: README.md.
CREATE ROLE mfx LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE ROLE mfx_reader LOGIN PASSWORD :'reader'
    NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE DATABASE mfx OWNER mfx ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE mfx FROM PUBLIC;
GRANT CONNECT ON DATABASE mfx TO mfx_reader;
\connect mfx
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO mfx;
GRANT USAGE ON SCHEMA public TO mfx_reader;
-- also what the writer makes later
ALTER DEFAULT PRIVILEGES FOR ROLE mfx IN SCHEMA public
    GRANT SELECT ON TABLES TO mfx_reader;
