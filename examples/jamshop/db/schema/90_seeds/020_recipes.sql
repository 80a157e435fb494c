-- Straight from the old card index, tabs and all: COPY reads what stands below it up to the line
-- with the backslash and the dot.
COPY kitchen.recipes (slug, title, sugar_ratio, target_brix, method) FROM stdin;
mirabelle	Confiture de mirabelles	0.80	63.0	Stone, halve, leave overnight with the sugar.\nBoil hard for 12 minutes.
quince-jelly	Quittengelee	0.90	65.5	Do not peel: the pectin is in the skin. /* 1987: peeled once. Never again. */
strawberry-rhubarb	Strawberry & rhubarb	0.75	62.0	Rhubarb first; it's slower. 'Wrinkle test' on a cold plate.
\.

INSERT INTO kitchen.recipe_fruits (recipe_id, fruit, parts)
SELECT r.recipe_id, d.fruit, d.parts
  FROM (VALUES
           ('mirabelle', 'mirabelle', 1),
           ('quince-jelly', 'quince', 1),
           ('strawberry-rhubarb', 'strawberry', 2),
           ('strawberry-rhubarb', 'rhubarb', 1)
       ) AS d (slug, fruit, parts)
  JOIN kitchen.recipes r USING (slug);
