-- Read on every page of the office, changed once a night: kept, and refreshed by a job.
CREATE MATERIALIZED VIEW shop.monthly_sales AS
SELECT date_trunc('month', o.placed_at AT TIME ZONE 'UTC')::date AS "Month",
       l.sku,
       sum(l.jars)                AS "Jars sold",
       sum(l.jars * l.unit_price) AS "Turnover, in cents"
  FROM shop.orders o
  JOIN shop.order_lines l USING (order_id)
 WHERE o.status IN ('placed', 'paid', 'shipped')
 GROUP BY 1, 2
  WITH NO DATA;

-- REFRESH ... CONCURRENTLY wants a unique index.
CREATE UNIQUE INDEX monthly_sales_key ON shop.monthly_sales ("Month", sku);
