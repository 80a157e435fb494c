-- One order that is placed, and one basket that is not.
DO $$
DECLARE
    first_order bigint;
    second_order bigint;
BEGIN
    INSERT INTO shop.orders (customer_id, note)
    SELECT customer_id, 'Pas de papier bulle, s''il vous plaît 🍓' FROM shop.customers WHERE email = 'NGUYEN@example.org'
    RETURNING order_id INTO first_order;
    INSERT INTO shop.order_lines (order_id, line, sku, jars, unit_price) VALUES
        (first_order, 1, 'MIR-250', 6, 590),
        (first_order, 2, 'STR-250', 2, 520);
    PERFORM shop.place_order(first_order);

    INSERT INTO shop.orders (customer_id)
    SELECT customer_id FROM shop.customers WHERE email = 'zoe@example.org'
    RETURNING order_id INTO second_order;
    INSERT INTO shop.order_lines (order_id, line, sku, jars, unit_price) VALUES
        (second_order, 1, 'MIR-500', 12, 990);
END
$$;
