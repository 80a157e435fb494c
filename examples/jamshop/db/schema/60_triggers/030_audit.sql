-- The same trigger on every table whose changes somebody may ask about one day.
DO $do$
DECLARE
    target regclass;
BEGIN
    FOREACH target IN ARRAY ARRAY['shop.products', 'shop.customers', 'shop.orders', 'kitchen.recipes']::regclass[] LOOP
        EXECUTE format(
            'CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION audit.record()',
            'audit_' || replace(target::text, '.', '_'), target);
    END LOOP;
END
$do$;
