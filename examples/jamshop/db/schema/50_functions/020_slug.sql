-- 'Reine-Claude & Vanille' becomes 'reine-claude-vanille'. Accents are not our business: they become
-- dashes, like all that is neither a letter of ASCII nor a digit.
CREATE FUNCTION kitchen.slug(title text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN trim(BOTH '-' FROM regexp_replace(lower(title), '[^a-z0-9]+', '-', 'g'));
