PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  channel TEXT NOT NULL,
  publisher TEXT NOT NULL,
  protocol TEXT NOT NULL,
  subtopic TEXT NOT NULL,
  name TEXT NOT NULL,
  unit TEXT NOT NULL,
  kind TEXT NOT NULL,
  content_type TEXT NOT NULL,
  version INTEGER NOT NULL,
  UNIQUE (channel, publisher, subtopic, name, unit, kind, protocol,
    content_type, version)
);
INSERT INTO series VALUES(1,'c','t','http','a.b','dev:t','Cel','number','',10);
INSERT INTO series VALUES(2,'c','t','http','','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','é','number','',10);
INSERT INTO series VALUES(3,'c','t','mqtt','','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbx','','string','',10);
INSERT INTO series VALUES(4,'d','t2','ws','','b','','bool','',10);
INSERT INTO series VALUES(5,'d','t2','ws','','d','','data','text/plain',10);
INSERT INTO series VALUES(6,'d','','','','s','','none','',10);
INSERT INTO series VALUES(7,'d','','','','v','','number','',26);
CREATE TABLE readings (
  series INTEGER NOT NULL REFERENCES series (id),
  time INTEGER NOT NULL,
  nth INTEGER NOT NULL,
  value,
  sum,
  update_time,
  PRIMARY KEY (series, time, nth)
) WITHOUT ROWID;
INSERT INTO readings VALUES(1,1700000000000000000,0,21.5,NULL,NULL);
INSERT INTO readings VALUES(2,1700000001000000000,0,1,NULL,NULL);
INSERT INTO readings VALUES(3,1700000002000000000,0,'text',NULL,NULL);
INSERT INTO readings VALUES(4,1700000003123456789,0,1,NULL,NULL);
INSERT INTO readings VALUES(5,1700000004000000000,0,X'010203',NULL,NULL);
INSERT INTO readings VALUES(6,1700000005000000000,0,NULL,12,60);
INSERT INTO readings VALUES(7,1700000006000000000,0,-7,NULL,NULL);
CREATE TABLE progress (
  source TEXT PRIMARY KEY,
  seq INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO progress VALUES('raw/store',4711);
CREATE VIEW messages AS SELECT
  s.channel, nullif(s.subtopic, '') AS subtopic, s.publisher,
  s.protocol, s.name, nullif(s.unit, '') AS unit,
  r.time / 1e9 AS time, r.time AS time_ns,
  CASE s.kind WHEN 'number' THEN r.value END AS value,
  CASE s.kind WHEN 'string' THEN r.value END AS string_value,
  CASE s.kind WHEN 'bool' THEN r.value END AS bool_value,
  CASE s.kind WHEN 'data' THEN r.value END AS data_value,
  nullif(s.content_type, '') AS content_type,
  r.sum, r.update_time
FROM readings r JOIN series s ON s.id = r.series;
COMMIT;
PRAGMA application_id = 1835432051;
PRAGMA user_version = 1;
