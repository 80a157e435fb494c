INSERT INTO shop.customers (email, name, address) VALUES
    ('zoe@example.org', 'Zoë Brontë', ROW('3 Moor Lane', NULL, 'BD22 8DR', 'Haworth', 'GB')),
    ('nguyen@example.org', 'Nguyễn Thị Minh', ROW('12 rue des Prés', 'Bât. C', '57000', 'Metz', 'FR')),
    ('tanaka@example.org', '田中 花子', ROW('1-2-3 梅丘', NULL, '154-0022', '東京都世田谷区', 'JP'));
