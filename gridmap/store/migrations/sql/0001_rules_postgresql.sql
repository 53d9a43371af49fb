-- What PostGIS enforces beyond the tables: one code a day, one event sequence, no change of history.
-- The owner could still drop these, so the serving role is another one: see `gridmap.store.roles`.

ALTER TABLE cells ADD CONSTRAINT ex_cells_code_days
    EXCLUDE USING gist (code WITH =, daterange(valid_from, valid_to, '[)') WITH &&)
--;
CREATE FUNCTION gridmap_geometry_type() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT GeometryType(NEW.geom) = ANY (string_to_array(TG_ARGV[0], ' ')) THEN
        RAISE EXCEPTION 'gridmap:geometry_type: %', TG_ARGV[1];
    END IF;
    RETURN NEW;
END $$
--;
CREATE TRIGGER enterprises_type BEFORE INSERT OR UPDATE OF geom ON enterprises FOR EACH ROW
    EXECUTE FUNCTION gridmap_geometry_type(
        'POINT POLYGON MULTIPOLYGON', 'an enterprise is a point, a polygon or a multipolygon')
--;
CREATE TRIGGER water_type BEFORE INSERT OR UPDATE OF geom ON water FOR EACH ROW
    EXECUTE FUNCTION gridmap_geometry_type(
        'LINESTRING MULTILINESTRING POLYGON MULTIPOLYGON', 'water is drawn as lines or as polygons')
--;
CREATE FUNCTION gridmap_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'gridmap:history_is_fixed: %', TG_ARGV[0];
END $$
--;
CREATE FUNCTION gridmap_events_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    SELECT seq, hash INTO last FROM events WHERE incident_id = NEW.incident_id ORDER BY seq DESC LIMIT 1;
    IF NEW.seq IS DISTINCT FROM coalesce(last.seq, 0) + 1
       OR NEW.prev_hash IS DISTINCT FROM coalesce(last.hash, repeat('0', 64)) THEN
        RAISE EXCEPTION 'gridmap:event_out_of_order: the event does not continue its incident''s sequence';
    END IF;
    RETURN NEW;
END $$
--;
CREATE TRIGGER events_order BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION gridmap_events_order()
--;
CREATE TRIGGER events_fixed BEFORE UPDATE OR DELETE ON events FOR EACH ROW
    EXECUTE FUNCTION gridmap_refuse('events are only ever added')
--;
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events FOR EACH STATEMENT
    EXECUTE FUNCTION gridmap_refuse('events are only ever added')
--;
CREATE TRIGGER audit_fixed BEFORE UPDATE OR DELETE ON audit FOR EACH ROW
    EXECUTE FUNCTION gridmap_refuse('the audit is only ever added to')
--;
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT
    EXECUTE FUNCTION gridmap_refuse('the audit is only ever added to')
--;
CREATE TRIGGER readings_fixed BEFORE UPDATE ON readings FOR EACH ROW
    EXECUTE FUNCTION gridmap_refuse('the read log is not changed; it expires')
--;
CREATE TRIGGER readings_no_truncate BEFORE TRUNCATE ON readings FOR EACH STATEMENT
    EXECUTE FUNCTION gridmap_refuse('the read log is not changed; it expires')
--;
CREATE FUNCTION gridmap_incidents_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id <> OLD.id OR NEW.number <> OLD.number OR NEW.received_at <> OLD.received_at THEN
        RAISE EXCEPTION
            'gridmap:history_is_fixed: an incident''s number and the moment it was received never change';
    END IF;
    IF OLD.cell_id IS NOT NULL AND NEW.cell_id IS DISTINCT FROM OLD.cell_id AND ST_AsBinary(NEW.geom) = ST_AsBinary(OLD.geom) THEN
        RAISE EXCEPTION
            'gridmap:history_is_fixed: the cell an incident was reported in changes only with its place';
    END IF;
    RETURN NEW;
END $$
--;
CREATE TRIGGER incidents_fixed BEFORE UPDATE ON incidents FOR EACH ROW EXECUTE FUNCTION gridmap_incidents_fixed()
--;
CREATE TRIGGER incidents_no_delete BEFORE DELETE ON incidents FOR EACH ROW
    EXECUTE FUNCTION gridmap_refuse('incidents are not deleted')
--;
CREATE TRIGGER incidents_no_truncate BEFORE TRUNCATE ON incidents FOR EACH STATEMENT
    EXECUTE FUNCTION gridmap_refuse('incidents are not deleted')
--;
CREATE FUNCTION gridmap_responsibilities_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.valid_to IS NOT NULL OR NEW.valid_to IS NULL
       OR (NEW.id, NEW.incident_id, NEW.cell_id, NEW.worker_id, NEW.body_id, NEW.area_id, NEW.reason, NEW.valid_from)
          IS DISTINCT FROM
          (OLD.id, OLD.incident_id, OLD.cell_id, OLD.worker_id, OLD.body_id, OLD.area_id, OLD.reason, OLD.valid_from)
    THEN
        RAISE EXCEPTION
            'gridmap:history_is_fixed: who answered for an incident can only be ended, by valid_to';
    END IF;
    RETURN NEW;
END $$
--;
CREATE TRIGGER responsibilities_fixed BEFORE UPDATE ON responsibilities FOR EACH ROW
    EXECUTE FUNCTION gridmap_responsibilities_fixed()
--;
CREATE TRIGGER responsibilities_no_delete BEFORE DELETE ON responsibilities FOR EACH ROW
    EXECUTE FUNCTION gridmap_refuse('who answered for an incident is kept')
--;
CREATE TRIGGER responsibilities_no_truncate BEFORE TRUNCATE ON responsibilities FOR EACH STATEMENT
    EXECUTE FUNCTION gridmap_refuse('who answered for an incident is kept')
