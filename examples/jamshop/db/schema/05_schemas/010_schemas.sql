-- Three rooms: where jam is made, where it is sold, and where changes are written down.

CREATE SCHEMA kitchen;
COMMENT ON SCHEMA kitchen IS 'Growers, fruit, recipes, kettles and batches';

CREATE SCHEMA shop;
COMMENT ON SCHEMA shop IS 'Products, stock, customers and orders';

CREATE SCHEMA audit;
COMMENT ON SCHEMA audit IS 'Who changed what, and when; nobody updates or deletes here';
