CREATE VIEW shop.stock AS
SELECT p.sku,
       p.title,
       coalesce(sum(m.jars), 0)::integer AS jars
  FROM shop.products p
  LEFT JOIN shop.stock_movements m USING (sku)
 GROUP BY p.sku;

COMMENT ON VIEW shop.stock IS 'Jars on the shelf, by product';
