-- PostgreSQL indexes what is referenced, not what refers.
CREATE INDEX fruit_lots_by_grower ON kitchen.fruit_lots (grower_id);
CREATE INDEX batches_by_recipe ON kitchen.batches (recipe_id);
CREATE INDEX batch_lots_by_lot ON kitchen.batch_lots (lot_id);
CREATE INDEX products_by_recipe ON shop.products (recipe_id);
CREATE INDEX orders_by_customer ON shop.orders (customer_id, placed_at DESC);
CREATE INDEX order_lines_by_product ON shop.order_lines (sku);
CREATE INDEX stock_movements_by_product ON shop.stock_movements (sku) INCLUDE (jars);
CREATE INDEX stock_movements_by_order ON shop.stock_movements (order_id) WHERE order_id IS NOT NULL;
