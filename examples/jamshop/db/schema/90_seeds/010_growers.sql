INSERT INTO kitchen.growers (name, village, "organic?", since) VALUES
    ('Verger Œillet', 'Saint-Nabor-lès-Prés', true, '2011-04-01'),
    ('Obsthof Grünwald', 'Bühl am Bach', true, '2014-09-15'),
    ('Żółty Sad', 'Łąka Górna', false, '2019-06-01'),
    ('O''Hara & Daughters', 'Ballyduff', false, '2021-03-17');

INSERT INTO kitchen.kettles (kettle_id, name, holds) VALUES
    (1, 'Copper', 12000),
    (2, 'Old faithful', 20000);

INSERT INTO kitchen.fruit_lots (grower_id, fruit, grade, received, picked_on)
SELECT g.grower_id, d.fruit, d.grade::kitchen.fruit_grade, d.received, d.picked_on::date
  FROM (VALUES
           ('Verger Œillet', 'mirabelle', 'table', 30000, '2026-08-12'),
           ('Verger Œillet', 'mirabelle', 'bruised', 8000, '2026-08-12'),
           ('Obsthof Grünwald', 'quince', 'cooking', 25000, '2026-10-02'),
           ('Żółty Sad', 'rhubarb', 'cooking', 9000, '2026-05-03'),
           ('O''Hara & Daughters', 'strawberry', 'table', 18000, '2026-06-11')
       ) AS d (grower, fruit, grade, received, picked_on)
  JOIN kitchen.growers g ON g.name = d.grower;
