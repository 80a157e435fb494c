-- The stock is the sum of what came and went: no counter that two clerks could overwrite.
CREATE TABLE shop.stock_movements (
    movement_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku         shop.sku NOT NULL,
    jars        integer NOT NULL,           -- in is positive, out is negative
    batch_id    bigint,                     -- where the jars came from,
    order_id    bigint,                     -- or where they went
    reason      text NOT NULL,
    moved_at    timestamptz NOT NULL DEFAULT now()
);
