CREATE INDEX products_words ON shop.products USING gin (words);
CREATE INDEX products_title_trgm ON shop.products USING gin (title gin_trgm_ops);

-- The clerks' list: few rows of a table that only grows.
CREATE INDEX orders_to_ship ON shop.orders (placed_at) WHERE status IN ('placed', 'paid');
