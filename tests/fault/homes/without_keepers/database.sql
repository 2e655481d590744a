-- What the database of a version without keepers held when it was killed under three running sheets.
BEGIN TRANSACTION;
CREATE TABLE attempts (
    job INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
    serial INTEGER NOT NULL,
    sheet INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    key TEXT NOT NULL,
    plan_hash TEXT NOT NULL,
    instrument TEXT NOT NULL,
    open INTEGER NOT NULL,
    started_at REAL NOT NULL,
    ended_at REAL,
    outcome TEXT NOT NULL,
    end_reason TEXT NOT NULL,
    exit_code INTEGER,
    signal INTEGER,
    processes_ended INTEGER NOT NULL,
    message TEXT NOT NULL,
    validations TEXT NOT NULL,
    PRIMARY KEY (job, serial)
) STRICT, WITHOUT ROWID;
INSERT INTO "attempts" VALUES(1,1,1,1,'23cfc3c9e2bab912.runs-4mcw4.1','1460617a0ec1cdec50ffd8d1b0ab2a426072a6cd437c47681bf1108fc22279d9','cli',1,1.79597311873655891422e+09,NULL,'','',NULL,NULL,0,'','[]');
INSERT INTO "attempts" VALUES(2,1,1,1,'23cfc3c9e2bab912.ends-aq24i.1','e93ba396320519b4613be3cc03c8861b52a2db4d294ee75e2c47082fdbbbe860','cli',1,1.79597311874465060234e+09,NULL,'','',NULL,NULL,0,'','[]');
INSERT INTO "attempts" VALUES(3,1,1,1,'23cfc3c9e2bab912.dies-3qp8b.1','393bbe76fc5b7151e7092280808583be7f480339bfcbfa6ae4207cd19061135d','cli',1,1.79597311875004124644e+09,NULL,'','',NULL,NULL,0,'','[]');
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL,
    job_seq INTEGER NOT NULL,
    type TEXT NOT NULL,
    at REAL NOT NULL,
    data TEXT NOT NULL
) STRICT;
INSERT INTO "events" VALUES(1,'runs-4mcw4',1,'job.submitted',1.79597311873682951924e+09,'{"name": "runs", "sheets_total": 1, "client": "uid 0"}');
INSERT INTO "events" VALUES(2,'runs-4mcw4',2,'job.started',1.79597311873682951924e+09,'{"workspace": "@WORKSPACE@"}');
INSERT INTO "events" VALUES(3,'runs-4mcw4',3,'sheet.started',1.79597311873682951924e+09,'{"sheet": 1, "name": "only", "attempt": 1, "instrument": "cli"}');
INSERT INTO "events" VALUES(4,'ends-aq24i',1,'job.submitted',1.79597311874489259722e+09,'{"name": "ends", "sheets_total": 1, "client": "uid 0"}');
INSERT INTO "events" VALUES(5,'ends-aq24i',2,'job.started',1.79597311874489259722e+09,'{"workspace": "@WORKSPACE@"}');
INSERT INTO "events" VALUES(6,'ends-aq24i',3,'sheet.started',1.79597311874489259722e+09,'{"sheet": 1, "name": "only", "attempt": 1, "instrument": "cli"}');
INSERT INTO "events" VALUES(7,'dies-3qp8b',1,'job.submitted',1.7959731187502696514e+09,'{"name": "dies", "sheets_total": 1, "client": "uid 0"}');
INSERT INTO "events" VALUES(8,'dies-3qp8b',2,'job.started',1.7959731187502696514e+09,'{"workspace": "@WORKSPACE@"}');
INSERT INTO "events" VALUES(9,'dies-3qp8b',3,'sheet.started',1.7959731187502696514e+09,'{"sheet": 1, "name": "only", "attempt": 1, "instrument": "cli"}');
CREATE TABLE idempotency (
    key TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    job_id TEXT NOT NULL,
    deleted_at REAL
) STRICT, WITHOUT ROWID;
CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    intent TEXT NOT NULL,
    reason TEXT NOT NULL,
    plan_hash TEXT NOT NULL,
    next_plan_hash TEXT,
    next_from_sheet INTEGER,
    workspace TEXT NOT NULL,
    config_path TEXT,
    start_sheet INTEGER NOT NULL,
    self_healing INTEGER NOT NULL,
    submitted_at REAL NOT NULL,
    started_at REAL,
    finished_at REAL,
    sheets_total INTEGER NOT NULL,
    sheets_completed INTEGER NOT NULL,
    sheets_failed INTEGER NOT NULL,
    sheets_skipped INTEGER NOT NULL,
    event_count INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    warnings TEXT NOT NULL,
    client TEXT NOT NULL
) STRICT;
INSERT INTO "jobs" VALUES(1,'runs-4mcw4','runs','running','','','1460617a0ec1cdec50ffd8d1b0ab2a426072a6cd437c47681bf1108fc22279d9',NULL,NULL,'@WORKSPACE@',NULL,1,0,1.79597311873645830155e+09,1.79597311873655891422e+09,NULL,1,0,0,0,3,1,'[]','uid 0');
INSERT INTO "jobs" VALUES(2,'ends-aq24i','ends','running','','','e93ba396320519b4613be3cc03c8861b52a2db4d294ee75e2c47082fdbbbe860',NULL,NULL,'@WORKSPACE@',NULL,1,0,1.79597311874451422697e+09,1.79597311874465060234e+09,NULL,1,0,0,0,3,1,'["the workspace is also used by active job runs-4mcw4"]','uid 0');
INSERT INTO "jobs" VALUES(3,'dies-3qp8b','dies','running','','','393bbe76fc5b7151e7092280808583be7f480339bfcbfa6ae4207cd19061135d',NULL,NULL,'@WORKSPACE@',NULL,1,0,1.79597311874996376033e+09,1.79597311875004124644e+09,NULL,1,0,0,0,3,1,'["the workspace is also used by active job ends-aq24i, runs-4mcw4"]','uid 0');
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('home_id','23cfc3c9e2bab912');
INSERT INTO "meta" VALUES('mark','23cfc3c9e2bab912');
INSERT INTO "meta" VALUES('place','@PLACE@');
CREATE TABLE plans (
    hash TEXT PRIMARY KEY,
    plan TEXT NOT NULL,
    source TEXT NOT NULL
) STRICT;
INSERT INTO "plans" VALUES('1460617a0ec1cdec50ffd8d1b0ab2a426072a6cd437c47681bf1108fc22279d9','{"version":1,"plan":{"name":"runs","dialect":"named","workspace":"@WORKSPACE@","templates":["touch begun-runs; until [ -e go ]; do sleep 0.02; done; echo said; exit 5"],"total_stages":1},"sheets":[{"num":1,"name":"only","template":0,"stage":1}]}','name: runs
sheets: [{name: only, run: ''touch begun-runs; until [ -e go ]; do sleep 0.02; done; echo said; exit 5''}]');
INSERT INTO "plans" VALUES('e93ba396320519b4613be3cc03c8861b52a2db4d294ee75e2c47082fdbbbe860','{"version":1,"plan":{"name":"ends","dialect":"named","workspace":"@WORKSPACE@","templates":["touch begun-ends; until [ -e ends ]; do sleep 0.02; done; exit 7"],"total_stages":1},"sheets":[{"num":1,"name":"only","template":0,"stage":1}]}','name: ends
sheets: [{name: only, run: ''touch begun-ends; until [ -e ends ]; do sleep 0.02; done; exit 7''}]');
INSERT INTO "plans" VALUES('393bbe76fc5b7151e7092280808583be7f480339bfcbfa6ae4207cd19061135d','{"version":1,"plan":{"name":"dies","dialect":"named","workspace":"@WORKSPACE@","templates":["touch begun-dies; until [ -e ends ]; do sleep 0.02; done; kill -9 $$"],"total_stages":1},"sheets":[{"num":1,"name":"only","template":0,"stage":1}]}','name: dies
sheets: [{name: only, run: ''touch begun-dies; until [ -e ends ]; do sleep 0.02; done; kill -9 $$''}]');
CREATE TABLE removals (job_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE replies (key TEXT PRIMARY KEY, reply TEXT NOT NULL, at REAL NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE sheets (
    job INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
    num INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    satisfied INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    retries_used INTEGER NOT NULL,
    waiting_until REAL,
    waiting_left REAL,
    started_at REAL,
    finished_at REAL,
    player INTEGER NOT NULL,
    limit_waits INTEGER NOT NULL,
    remedy TEXT NOT NULL,
    PRIMARY KEY (job, num)
) STRICT, WITHOUT ROWID;
INSERT INTO "sheets" VALUES(1,1,'running','',0,1,0,NULL,NULL,1.79597311873655891422e+09,NULL,0,0,'');
INSERT INTO "sheets" VALUES(2,1,'running','',0,1,0,NULL,NULL,1.79597311874465060234e+09,NULL,0,0,'');
INSERT INTO "sheets" VALUES(3,1,'running','',0,1,0,NULL,NULL,1.79597311875004124644e+09,NULL,0,0,'');
CREATE TABLE status_counts (status TEXT PRIMARY KEY, jobs INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "status_counts" VALUES('running',3);
CREATE TABLE task_ends (key TEXT PRIMARY KEY, state TEXT NOT NULL, at REAL NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE tombstones (job_id TEXT PRIMARY KEY, deleted_at REAL NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_by_status ON jobs (status, seq);
CREATE INDEX attempts_of_sheet ON attempts (job, sheet, attempt);
CREATE INDEX attempts_open ON attempts (job) WHERE open = 1;
CREATE UNIQUE INDEX events_of_job ON events (job_id, job_seq);
CREATE TRIGGER job_made AFTER INSERT ON jobs BEGIN
    INSERT INTO status_counts VALUES (NEW.status, 1) ON CONFLICT (status) DO UPDATE SET jobs = jobs + 1;
END;
CREATE TRIGGER job_moved AFTER UPDATE OF status ON jobs WHEN OLD.status <> NEW.status BEGIN
    UPDATE status_counts SET jobs = jobs - 1 WHERE status = OLD.status;
    INSERT INTO status_counts VALUES (NEW.status, 1) ON CONFLICT (status) DO UPDATE SET jobs = jobs + 1;
END;
CREATE TRIGGER job_removed AFTER DELETE ON jobs BEGIN
    UPDATE status_counts SET jobs = jobs - 1 WHERE status = OLD.status;
END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('jobs',3);
COMMIT;
PRAGMA user_version = 2;
