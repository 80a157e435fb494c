GRANT USAGE ON SCHEMA kitchen TO jamshop_kitchen, jamshop_reader;
GRANT USAGE ON SCHEMA shop TO jamshop_kitchen, jamshop_clerk, jamshop_reader;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA kitchen TO jamshop_kitchen;
GRANT SELECT, INSERT ON shop.stock_movements TO jamshop_kitchen;
GRANT SELECT ON shop.products, shop.stock TO jamshop_kitchen;

GRANT SELECT, INSERT, UPDATE ON shop.orders, shop.order_lines, shop.customers TO jamshop_clerk;
GRANT DELETE ON shop.order_lines TO jamshop_clerk;
GRANT SELECT, INSERT ON shop.stock_movements TO jamshop_clerk;
GRANT SELECT, UPDATE ON shop.products TO jamshop_clerk;
GRANT SELECT ON shop.stock, shop.order_totals TO jamshop_clerk;

GRANT SELECT ON ALL TABLES IN SCHEMA kitchen TO jamshop_reader;
GRANT SELECT ON shop.products, shop.stock, shop.monthly_sales TO jamshop_reader;

-- The audit log is read by the owner alone, and written through audit.record().
REVOKE ALL ON ALL TABLES IN SCHEMA audit FROM PUBLIC;

REVOKE EXECUTE ON FUNCTION shop.set_password(shop.email, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION shop.set_password(shop.email, text) TO jamshop_clerk;
