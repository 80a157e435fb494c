CREATE VIEW shop.order_totals AS
SELECT o.order_id,
       o.status,
       count(l.line)                             AS lines,
       coalesce(sum(l.jars), 0)                  AS jars,
       coalesce(sum(l.jars * l.unit_price), 0)   AS total
  FROM shop.orders o
  LEFT JOIN shop.order_lines l USING (order_id)
 GROUP BY o.order_id;
