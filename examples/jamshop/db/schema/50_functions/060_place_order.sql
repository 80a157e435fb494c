-- Turns a basket into an order: fixes the address, takes the stock, answers the total in cents.
CREATE FUNCTION shop.place_order(which bigint) RETURNS bigint
LANGUAGE plpgsql AS $body$
DECLARE
    basket shop.orders;
BEGIN
    SELECT * INTO basket FROM shop.orders WHERE order_id = which FOR UPDATE;
    IF basket.status IS DISTINCT FROM 'basket' THEN
        RAISE EXCEPTION 'order % is not a basket', which;
    END IF;

    INSERT INTO shop.stock_movements (sku, jars, order_id, reason)
    SELECT sku, -jars, order_id, 'sold'
      FROM shop.order_lines
     WHERE order_id = which
     ORDER BY sku;                          -- the same order for everybody: no deadlocks
    IF NOT FOUND THEN
        RAISE EXCEPTION 'order % is empty', which;
    END IF;

    UPDATE shop.orders o
       SET status = 'placed',
           placed_at = now(),
           ship_to = coalesce(o.ship_to, c.address)
      FROM shop.customers c
     WHERE o.order_id = which AND c.customer_id = o.customer_id;

    RETURN (SELECT total FROM shop.order_totals WHERE order_id = which);
END;
$body$;
