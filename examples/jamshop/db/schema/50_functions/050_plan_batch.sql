/* Books a kettle and takes fruit for one batch of a recipe: oldest lots first,
   and of one day the worse ones, while they are still good for something.

   /* Lots are locked one by one in the order of kitchen.lots_left. Two cooks who
      plan at the same time wait for each other; they cannot deadlock, since
      both walk the same way. */ */
CREATE FUNCTION kitchen.plan_batch(recipe text, kettle smallint, during tstzrange, grams integer)
RETURNS bigint
LANGUAGE plpgsql AS $body$
DECLARE
    new_batch bigint;
    recipe_row kitchen.recipes;
    part record;
    lot record;
    missing integer;
    take integer;
BEGIN
    SELECT * INTO recipe_row FROM kitchen.recipes WHERE slug = recipe;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no recipe "%"', recipe USING HINT = 'See kitchen.recipes.slug.';
    END IF;

    INSERT INTO kitchen.kettle_bookings (kettle_id, during, purpose)
    VALUES (kettle, during, recipe_row.title);

    INSERT INTO kitchen.batches (recipe_id, kettle_id)
    VALUES (recipe_row.recipe_id, kettle)
    RETURNING batch_id INTO new_batch;

    FOR part IN
        SELECT fruit, ceil(grams * parts::numeric / sum(parts) OVER ())::integer AS need
          FROM kitchen.recipe_fruits
         WHERE recipe_id = recipe_row.recipe_id
         ORDER BY fruit
    LOOP
        missing := part.need;
        FOR lot IN SELECT lot_id, grams_left FROM kitchen.lots_left WHERE fruit = part.fruit LOOP
            EXIT WHEN missing <= 0;
            PERFORM 1 FROM kitchen.fruit_lots WHERE lot_id = lot.lot_id FOR UPDATE;
            take := least(missing, lot.grams_left);
            INSERT INTO kitchen.batch_lots (batch_id, lot_id, used) VALUES (new_batch, lot.lot_id, take);
            missing := missing - take;
        END LOOP;
        IF missing > 0 THEN
            RAISE EXCEPTION 'short of % g of %', missing, part.fruit USING ERRCODE = 'JAM01';
        END IF;
    END LOOP;

    RETURN new_batch;
END;
$body$;
