-- The tables of format 4 over a file of format 2 or 3, for a connection that cannot migrate it. A temporary view hides the
-- table of the same name.
PRAGMA temp_store = memory;
CREATE TEMP VIEW conversations AS
    SELECT owner, id, system, created_ms, updated_ms, NULL AS title FROM main.conversations;
