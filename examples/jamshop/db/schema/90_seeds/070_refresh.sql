-- Filled once by hand; afterwards the nightly job says CONCURRENTLY.
REFRESH MATERIALIZED VIEW shop.monthly_sales;