-- What the search box calls: whole words first, then titles that look alike.
CREATE FUNCTION shop.search(query text, at_most integer DEFAULT 10)
RETURNS TABLE (sku shop.sku, title text, price shop.cents)
LANGUAGE sql STABLE AS $$
    SELECT p.sku, p.title, p.price
      FROM shop.products p
     WHERE p.on_sale
       AND (p.words @@ plainto_tsquery('simple', query)
            OR public.word_similarity(query, p.title) > 0.5)
     ORDER BY ts_rank(p.words, plainto_tsquery('simple', query)) DESC,
              public.word_similarity(query, p.title) DESC,
              p.sku
     LIMIT at_most;
$$;
