-- 123456 becomes 'EUR 1,234.56', the same under every locale.
CREATE FUNCTION shop.euros(amount bigint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $sql$
    SELECT 'EUR ' || to_char(amount / 100, 'FM999,999,999,990') || '.' || to_char(amount % 100, 'FM00')
$sql$;
