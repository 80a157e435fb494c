-- Two batches are cooked, potted and on the shelf.
DO $$
DECLARE
    batch bigint;
BEGIN
    batch := kitchen.plan_batch('mirabelle', 1::smallint, '[2026-08-13 08:00+02, 2026-08-13 11:00+02)', 10000);
    UPDATE kitchen.batches
       SET state = 'potted', final_brix = 63.4, potted_at = '2026-08-13 10:40+02'
     WHERE batch_id = batch;
    INSERT INTO shop.stock_movements (sku, jars, batch_id, reason) VALUES
        ('MIR-250', 40, batch, 'potted'),
        ('MIR-500', 12, batch, 'potted');

    batch := kitchen.plan_batch('strawberry-rhubarb', 2::smallint, '[2026-06-12 08:00+02, 2026-06-12 10:00+02)', 9000);
    UPDATE kitchen.batches
       SET state = 'potted', final_brix = 62.1, potted_at = '2026-06-12 09:55+02'
     WHERE batch_id = batch;
    INSERT INTO shop.stock_movements (sku, jars, batch_id, reason) VALUES
        ('STR-250', 36, batch, 'potted');
END
$$;
