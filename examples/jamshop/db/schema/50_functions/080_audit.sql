-- One trigger function for all tables. Password hashes are not written down.
CREATE FUNCTION audit.record() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = audit, pg_temp AS $audit$
BEGIN
    INSERT INTO audit.changes (table_name, action, before, after)
    VALUES (
        TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME,
        lower(TG_OP),
        CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - 'password_hash' END,
        CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - 'password_hash' END
    );
    RETURN NULL;                            -- an AFTER trigger: nobody looks at it
END;
$audit$;

-- Makes next year's partition; a job calls it every December. The text between the inner
-- tags is a statement of its own, with its own quotes.
CREATE FUNCTION audit.make_partition(year integer) RETURNS text
LANGUAGE plpgsql AS $audit$
DECLARE
    partition text := format('changes_%s', year);
BEGIN
    EXECUTE format(
        $ddl$
            CREATE TABLE IF NOT EXISTS audit.%I PARTITION OF audit.changes
                FOR VALUES FROM ('%s-01-01 00:00+00') TO ('%s-01-01 00:00+00')
        $ddl$,
        partition, year, year + 1);
    RETURN partition;
END;
$audit$;
