-- Here and not in the tables, so that the tables may be read in any order.

ALTER TABLE kitchen.fruit_lots
    ADD CONSTRAINT fruit_lots_grower FOREIGN KEY (grower_id) REFERENCES kitchen.growers;

ALTER TABLE kitchen.batches
    ADD CONSTRAINT batches_recipe FOREIGN KEY (recipe_id) REFERENCES kitchen.recipes,
    ADD CONSTRAINT batches_kettle FOREIGN KEY (kettle_id) REFERENCES kitchen.kettles;

ALTER TABLE kitchen.batch_lots
    ADD CONSTRAINT batch_lots_batch FOREIGN KEY (batch_id) REFERENCES kitchen.batches ON DELETE CASCADE,
    ADD CONSTRAINT batch_lots_lot FOREIGN KEY (lot_id) REFERENCES kitchen.fruit_lots;

ALTER TABLE shop.products
    ADD CONSTRAINT products_recipe FOREIGN KEY (recipe_id) REFERENCES kitchen.recipes;

ALTER TABLE shop.orders
    ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES shop.customers;

ALTER TABLE shop.order_lines
    ADD CONSTRAINT order_lines_order FOREIGN KEY (order_id) REFERENCES shop.orders ON DELETE CASCADE,
    ADD CONSTRAINT order_lines_product FOREIGN KEY (sku) REFERENCES shop.products ON UPDATE CASCADE;

-- Deferred: an import may write the movements before the orders that they belong to.
ALTER TABLE shop.stock_movements
    ADD CONSTRAINT stock_movements_product FOREIGN KEY (sku) REFERENCES shop.products ON UPDATE CASCADE,
    ADD CONSTRAINT stock_movements_batch FOREIGN KEY (batch_id) REFERENCES kitchen.batches,
    ADD CONSTRAINT stock_movements_order FOREIGN KEY (order_id) REFERENCES shop.orders
        DEFERRABLE INITIALLY DEFERRED;
