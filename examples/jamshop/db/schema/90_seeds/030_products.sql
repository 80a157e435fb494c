INSERT INTO shop.products (sku, recipe_id, title, description, price, jar)
SELECT d.sku, r.recipe_id, d.title, d.description, d.price, d.jar
  FROM (VALUES
           ('MIR-250', 'mirabelle', 'Mirabelle', 'Small yellow plums from Lorraine, nothing else', 590, 250),
           ('MIR-500', 'mirabelle', 'Mirabelle, large', 'For two breakfasts, or one child', 990, 500),
           ('QUI-250', 'quince-jelly', 'Quince jelly', 'Clear as amber; with cheese', 640, 250),
           ('STR-250', 'strawberry-rhubarb', 'Strawberry & rhubarb', E'Sweet \u2194 sour', 520, 250)
       ) AS d (sku, slug, title, description, price, jar)
  JOIN kitchen.recipes r USING (slug);
