-- The label's promise: every jar names its trees.
CREATE VIEW kitchen.provenance AS
SELECT b.batch_id,
       r.title,
       b.best_by,
       string_agg(DISTINCT g.name || E' \u2013 ' || g.village, E'\n' ORDER BY g.name || E' \u2013 ' || g.village)
           AS "from"
  FROM kitchen.batches b
  JOIN kitchen.recipes r USING (recipe_id)
  JOIN kitchen.batch_lots bl USING (batch_id)
  JOIN kitchen.fruit_lots f USING (lot_id)
  JOIN kitchen.growers g USING (grower_id)
 GROUP BY b.batch_id, r.recipe_id;
