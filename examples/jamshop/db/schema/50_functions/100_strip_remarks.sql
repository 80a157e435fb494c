-- Recipes come from an old program that left its remarks in them, /* like this */. A lexical
-- check that does not know strings stumbles over the pattern below; psql does not.
CREATE FUNCTION kitchen.strip_remarks(method text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT AS $_$
DECLARE
    opened integer := position('/*' IN method);
    closed integer;
BEGIN
    WHILE opened > 0 LOOP
        closed := position('*/' IN substr(method, opened + 2));
        IF closed = 0 THEN
            method := left(method, opened - 1);     -- never closed: to the end
        ELSE
            method := left(method, opened - 1) || substr(method, opened + closed + 3);
        END IF;
        opened := position('/*' IN method);
    END LOOP;
    RETURN regexp_replace(btrim(method), ' {2,}', ' ', 'g');
END;
$_$;
