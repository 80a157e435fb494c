ALTER TABLE kitchen.recipes
    ADD CONSTRAINT recipes_sugar_plausible CHECK (sugar_ratio BETWEEN 0.20 AND 1.50),
    ADD CONSTRAINT recipes_slug_form CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$');

ALTER TABLE kitchen.recipe_fruits
    ADD CONSTRAINT recipe_fruits_parts CHECK (parts > 0);

ALTER TABLE kitchen.batches
    ADD CONSTRAINT batches_potted CHECK (state <> 'potted' OR (potted_at IS NOT NULL AND final_brix IS NOT NULL));

ALTER TABLE shop.order_lines
    ADD CONSTRAINT order_lines_jars CHECK (jars > 0);

ALTER TABLE shop.orders
    ADD CONSTRAINT orders_placed CHECK (status IN ('basket', 'cancelled') OR placed_at IS NOT NULL);

-- A movement has at most one other end.
ALTER TABLE shop.stock_movements
    ADD CONSTRAINT stock_movements_jars CHECK (jars <> 0),
    ADD CONSTRAINT stock_movements_one_end CHECK (num_nonnulls(batch_id, order_id) <= 1);
