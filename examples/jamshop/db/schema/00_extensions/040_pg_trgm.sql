-- Finds "mirabelle" when a customer types "mirabel".
CREATE EXTENSION IF NOT EXISTS pg_trgm;
