-- One drawing at any moment; what was said of a plan stays.

CREATE TRIGGER drawings_insert BEFORE INSERT ON drawings
WHEN EXISTS (
    SELECT 1 FROM drawings AS other
    WHERE (other.valid_to IS NULL OR other.valid_to > NEW.valid_from)
      AND (NEW.valid_to IS NULL OR other.valid_from < NEW.valid_to)
)
BEGIN
    SELECT RAISE(ABORT, 'gridmap:drawing_in_force: another drawing is in force on one of these days');
END
--;
CREATE TRIGGER drawings_update BEFORE UPDATE OF valid_from, valid_to ON drawings
WHEN EXISTS (
    SELECT 1 FROM drawings AS other
    WHERE other.id <> OLD.id
      AND (other.valid_to IS NULL OR other.valid_to > NEW.valid_from)
      AND (NEW.valid_to IS NULL OR other.valid_from < NEW.valid_to)
)
BEGIN
    SELECT RAISE(ABORT, 'gridmap:drawing_in_force: another drawing is in force on one of these days');
END
--;
CREATE TRIGGER plan_comments_no_update BEFORE UPDATE ON plan_comments
BEGIN
    SELECT RAISE(ABORT, 'gridmap:history_is_fixed: comments are only ever added');
END
--;
CREATE TRIGGER plan_comments_no_delete BEFORE DELETE ON plan_comments
BEGIN
    SELECT RAISE(ABORT, 'gridmap:history_is_fixed: comments are only ever added');
END
