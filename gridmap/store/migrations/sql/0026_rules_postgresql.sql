-- Whether something is still due stands beside who answers for it, and in the incident the town of whoever answers;
-- nobody else sets these two.

CREATE FUNCTION gridmap_is_open(incident integer) RETURNS smallint LANGUAGE sql STABLE AS $$
    SELECT (closed_at IS NULL)::int::smallint FROM incidents WHERE id = incident
$$
--;
CREATE FUNCTION gridmap_town(area integer) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT CASE level WHEN 'town' THEN id WHEN 'community' THEN parent_id END FROM areas WHERE id = area
$$
--;
CREATE FUNCTION gridmap_responsibilities_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    told record;
    town integer;
BEGIN
    IF NEW.valid_to IS NULL THEN
        SELECT (closed_at IS NULL)::int::smallint AS open, town_id INTO told FROM incidents WHERE id = NEW.incident_id;
        NEW.open := coalesce(told.open, 1);
        town := gridmap_town(NEW.area_id);
        IF town IS DISTINCT FROM told.town_id THEN
            UPDATE incidents SET town_id = town WHERE id = NEW.incident_id;
        END IF;
    END IF;
    RETURN NEW;
END $$
--;
CREATE FUNCTION gridmap_areas_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE incidents SET town_id = gridmap_town(NEW.id)
    WHERE id IN (SELECT incident_id FROM responsibilities WHERE area_id = NEW.id AND valid_to IS NULL);
    RETURN NULL;
END $$
--;
CREATE TRIGGER areas_moved AFTER UPDATE OF parent_id, level ON areas FOR EACH ROW
    WHEN ((OLD.parent_id, OLD.level) IS DISTINCT FROM (NEW.parent_id, NEW.level))
    EXECUTE FUNCTION gridmap_areas_moved()
--;
CREATE TRIGGER responsibilities_open BEFORE INSERT ON responsibilities FOR EACH ROW
    EXECUTE FUNCTION gridmap_responsibilities_open()
--;
CREATE OR REPLACE FUNCTION gridmap_responsibilities_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.valid_to IS NOT NULL
       OR (NEW.id, NEW.incident_id, NEW.cell_id, NEW.worker_id, NEW.body_id, NEW.area_id, NEW.reason, NEW.valid_from)
          IS DISTINCT FROM
          (OLD.id, OLD.incident_id, OLD.cell_id, OLD.worker_id, OLD.body_id, OLD.area_id, OLD.reason, OLD.valid_from)
       OR (NEW.valid_to IS NULL AND NEW.open <> gridmap_is_open(NEW.incident_id))
    THEN
        RAISE EXCEPTION
            'gridmap:history_is_fixed: who answered for an incident can only be ended, by valid_to';
    END IF;
    RETURN NEW;
END $$
--;
CREATE FUNCTION gridmap_incidents_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE responsibilities SET open = (NEW.closed_at IS NULL)::int WHERE incident_id = NEW.id AND valid_to IS NULL;
    RETURN NULL;
END $$
--;
CREATE TRIGGER incidents_open AFTER UPDATE OF closed_at ON incidents FOR EACH ROW
    WHEN ((OLD.closed_at IS NULL) <> (NEW.closed_at IS NULL))
    EXECUTE FUNCTION gridmap_incidents_open()
