-- Oldest first: what must be cooked next.
CREATE VIEW kitchen.lots_left AS
WITH used AS (
    SELECT lot_id, sum(used) AS grams
      FROM kitchen.batch_lots
     GROUP BY lot_id
)
SELECT f.lot_id,
       f.fruit,
       f.grade,
       f.picked_on,
       f.received - coalesce(u.grams, 0) AS grams_left
  FROM kitchen.fruit_lots f
  LEFT JOIN used u USING (lot_id)
 WHERE f.received > coalesce(u.grams, 0)
 ORDER BY f.picked_on, f.grade, f.lot_id;
