-- What SpatiaLite enforces beyond the tables: one code a day, one event sequence, no change of history.
-- Whoever can open the file can drop these; there the hash chain, checked by `gridmap doctor`, is the proof.

CREATE TRIGGER cells_code_insert BEFORE INSERT ON cells
WHEN EXISTS (
    SELECT 1 FROM cells AS other
    WHERE other.code = NEW.code
      AND (other.valid_to IS NULL OR other.valid_to > NEW.valid_from)
      AND (NEW.valid_to IS NULL OR other.valid_from < NEW.valid_to)
)
BEGIN
    SELECT RAISE(ABORT, 'gridmap:code_in_use: another cell has this code on one of these days');
END
--;
CREATE TRIGGER cells_code_update BEFORE UPDATE OF code, valid_from, valid_to ON cells
WHEN EXISTS (
    SELECT 1 FROM cells AS other
    WHERE other.code = NEW.code AND other.id <> OLD.id
      AND (other.valid_to IS NULL OR other.valid_to > NEW.valid_from)
      AND (NEW.valid_to IS NULL OR other.valid_from < NEW.valid_to)
)
BEGIN
    SELECT RAISE(ABORT, 'gridmap:code_in_use: another cell has this code on one of these days');
END
--;
CREATE TRIGGER enterprises_type_insert BEFORE INSERT ON enterprises
WHEN coalesce(GeometryType(NEW.geom), '') NOT IN ('POINT', 'POLYGON', 'MULTIPOLYGON')
BEGIN
    SELECT RAISE(ABORT, 'gridmap:geometry_type: an enterprise is a point, a polygon or a multipolygon');
END
--;
CREATE TRIGGER enterprises_type_update BEFORE UPDATE OF geom ON enterprises
WHEN coalesce(GeometryType(NEW.geom), '') NOT IN ('POINT', 'POLYGON', 'MULTIPOLYGON')
BEGIN
    SELECT RAISE(ABORT, 'gridmap:geometry_type: an enterprise is a point, a polygon or a multipolygon');
END
--;
CREATE TRIGGER water_type_insert BEFORE INSERT ON water
WHEN coalesce(GeometryType(NEW.geom), '') NOT IN ('LINESTRING', 'MULTILINESTRING', 'POLYGON', 'MULTIPOLYGON')
BEGIN
    SELECT RAISE(ABORT, 'gridmap:geometry_type: water is drawn as lines or as polygons');
END
--;
CREATE TRIGGER water_type_update BEFORE UPDATE OF geom ON water
WHEN coalesce(GeometryType(NEW.geom), '') NOT IN ('LINESTRING', 'MULTILINESTRING', 'POLYGON', 'MULTIPOLYGON')
BEGIN
    SELECT RAISE(ABORT, 'gridmap:geometry_type: water is drawn as lines or as polygons');
END
--;
CREATE TRIGGER events_order BEFORE INSERT ON events
BEGIN
    SELECT RAISE(ABORT, 'gridmap:history_is_fixed: an event cannot be replaced')
    WHERE EXISTS (SELECT 1 FROM events WHERE id = NEW.id);
    SELECT RAISE(ABORT, 'gridmap:event_out_of_order: the event does not continue its incident''s sequence')
    WHERE NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE incident_id = NEW.incident_id)
       OR NEW.prev_hash IS NOT coalesce(
            (SELECT hash FROM events WHERE incident_id = NEW.incident_id ORDER BY seq DESC LIMIT 1),
            '0000000000000000000000000000000000000000000000000000000000000000'
          );
END
--;
CREATE TRIGGER events_no_update BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'gridmap:history_is_fixed: events are only ever added');
END
--;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'gridmap:history_is_fixed: events are only ever added');
END
--;
CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'gridmap:history_is_fixed: an audit entry cannot be replaced');
END
--;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'gridmap:history_is_fixed: the audit is only ever added to');
END
--;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'gridmap:history_is_fixed: the audit is only ever added to');
END
--;
CREATE TRIGGER readings_no_update BEFORE UPDATE ON readings
BEGIN
    SELECT RAISE(ABORT, 'gridmap:history_is_fixed: the read log is not changed; it expires');
END
--;
CREATE TRIGGER incidents_fixed BEFORE UPDATE ON incidents
BEGIN
    SELECT RAISE(ABORT, 'gridmap:history_is_fixed: an incident''s number and the moment it was received never change')
    WHERE NEW.id IS NOT OLD.id OR NEW.number IS NOT OLD.number OR NEW.received_at IS NOT OLD.received_at;
    SELECT RAISE(ABORT, 'gridmap:history_is_fixed: the cell an incident was reported in changes only with its place')
    WHERE OLD.cell_id IS NOT NULL AND NEW.cell_id IS NOT OLD.cell_id AND NEW.geom IS OLD.geom;
END
--;
CREATE TRIGGER incidents_no_delete BEFORE DELETE ON incidents
BEGIN
    SELECT RAISE(ABORT, 'gridmap:history_is_fixed: incidents are not deleted');
END
--;
CREATE TRIGGER responsibilities_fixed BEFORE UPDATE ON responsibilities
WHEN OLD.valid_to IS NOT NULL OR NEW.valid_to IS NULL
  OR NEW.id IS NOT OLD.id OR NEW.incident_id IS NOT OLD.incident_id OR NEW.cell_id IS NOT OLD.cell_id
  OR NEW.worker_id IS NOT OLD.worker_id OR NEW.body_id IS NOT OLD.body_id OR NEW.area_id IS NOT OLD.area_id
  OR NEW.reason IS NOT OLD.reason OR NEW.valid_from IS NOT OLD.valid_from
BEGIN
    SELECT RAISE(ABORT, 'gridmap:history_is_fixed: who answered for an incident can only be ended, by valid_to');
END
--;
CREATE TRIGGER responsibilities_no_delete BEFORE DELETE ON responsibilities
BEGIN
    SELECT RAISE(ABORT, 'gridmap:history_is_fixed: who answered for an incident is kept');
END
