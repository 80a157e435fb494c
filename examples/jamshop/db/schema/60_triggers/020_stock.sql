CREATE TRIGGER stock_movements_check BEFORE INSERT ON shop.stock_movements
    FOR EACH ROW WHEN (NEW.jars < 0) EXECUTE FUNCTION shop.check_stock();
