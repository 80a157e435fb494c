CREATE TABLE shop.orders (
    order_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id uuid NOT NULL,
    status      shop.order_status NOT NULL DEFAULT 'basket',
    ship_to     shop.postal_address,
    note        text,
    placed_at   timestamptz,
    updated_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE shop.order_lines (
    order_id   bigint NOT NULL,
    line       smallint NOT NULL,
    sku        shop.sku NOT NULL,
    jars       integer NOT NULL,
    unit_price shop.cents NOT NULL,         -- the price of that day
    PRIMARY KEY (order_id, line),
    UNIQUE (order_id, sku)
);
