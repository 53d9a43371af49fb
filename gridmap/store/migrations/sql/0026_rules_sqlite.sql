-- Whether something is still due stands beside who answers for it, and in the incident the town of whoever answers;
-- nobody else sets these two.

DROP TRIGGER responsibilities_fixed
--;
CREATE TRIGGER responsibilities_fixed BEFORE UPDATE ON responsibilities
WHEN OLD.valid_to IS NOT NULL
  OR NEW.id IS NOT OLD.id OR NEW.incident_id IS NOT OLD.incident_id OR NEW.cell_id IS NOT OLD.cell_id
  OR NEW.worker_id IS NOT OLD.worker_id OR NEW.body_id IS NOT OLD.body_id OR NEW.area_id IS NOT OLD.area_id
  OR NEW.reason IS NOT OLD.reason OR NEW.valid_from IS NOT OLD.valid_from
  OR (NEW.valid_to IS NULL
      AND NEW.open <> (SELECT closed_at IS NULL FROM incidents WHERE id = NEW.incident_id))
BEGIN
    SELECT RAISE(ABORT, 'gridmap:history_is_fixed: who answered for an incident can only be ended, by valid_to');
END
--;
CREATE TRIGGER responsibilities_open AFTER INSERT ON responsibilities
WHEN NEW.valid_to IS NULL AND NEW.open <> (SELECT closed_at IS NULL FROM incidents WHERE id = NEW.incident_id)
BEGIN
    UPDATE responsibilities SET open = (SELECT closed_at IS NULL FROM incidents WHERE id = NEW.incident_id)
    WHERE id = NEW.id;
END
--;
CREATE TRIGGER responsibilities_town AFTER INSERT ON responsibilities
WHEN NEW.valid_to IS NULL AND (SELECT town_id FROM incidents WHERE id = NEW.incident_id) IS NOT (
    SELECT CASE level WHEN 'town' THEN id WHEN 'community' THEN parent_id END FROM areas WHERE id = NEW.area_id)
BEGIN
    UPDATE incidents SET town_id = (
        SELECT CASE level WHEN 'town' THEN id WHEN 'community' THEN parent_id END FROM areas WHERE id = NEW.area_id)
    WHERE id = NEW.incident_id;
END
--;
CREATE TRIGGER areas_moved AFTER UPDATE OF parent_id, level ON areas
WHEN OLD.parent_id IS NOT NEW.parent_id OR OLD.level IS NOT NEW.level
BEGIN
    UPDATE incidents SET town_id = CASE NEW.level WHEN 'town' THEN NEW.id WHEN 'community' THEN NEW.parent_id END
    WHERE id IN (SELECT incident_id FROM responsibilities WHERE area_id = NEW.id AND valid_to IS NULL);
END
--;
CREATE TRIGGER incidents_open AFTER UPDATE OF closed_at ON incidents
WHEN (OLD.closed_at IS NULL) <> (NEW.closed_at IS NULL)
BEGIN
    UPDATE responsibilities SET open = (NEW.closed_at IS NULL) WHERE incident_id = NEW.id AND valid_to IS NULL;
END
