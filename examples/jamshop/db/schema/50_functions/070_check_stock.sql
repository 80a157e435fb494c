-- Runs before each movement out. The row of the product is the lock: the sum is read under it.
CREATE FUNCTION shop.check_stock() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    left_over integer;
BEGIN
    PERFORM 1 FROM shop.products WHERE sku = NEW.sku FOR UPDATE;
    SELECT coalesce(sum(jars), 0) + NEW.jars INTO left_over
      FROM shop.stock_movements
     WHERE sku = NEW.sku;
    IF left_over < 0 THEN
        RAISE EXCEPTION E'not enough of %: it\'s % short', NEW.sku, -left_over
            USING ERRCODE = 'check_violation', HINT = 'Cook some.';
    END IF;
    RETURN NEW;
END;
$$;
