CREATE TABLE attempts (
	delivery INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	microseconds INTEGER NOT NULL, 
	url VARCHAR NOT NULL, 
	body VARCHAR NOT NULL, 
	status INTEGER, 
	reply VARCHAR, 
	error VARCHAR, 
	PRIMARY KEY (delivery, number)
)
 WITHOUT ROWID;

CREATE TABLE deliveries (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project INTEGER NOT NULL, 
	job INTEGER, 
	about VARCHAR, 
	notice VARCHAR, 
	event VARCHAR NOT NULL, 
	created INTEGER NOT NULL, 
	since INTEGER NOT NULL, 
	due INTEGER, 
	attempts INTEGER NOT NULL, 
	delivered BOOLEAN NOT NULL, 
	held BOOLEAN NOT NULL
);

CREATE INDEX deliveries_due ON deliveries (project, due) WHERE due IS NOT NULL;

CREATE INDEX deliveries_held ON deliveries (project) WHERE held;

CREATE INDEX deliveries_of_job ON deliveries (job);

CREATE INDEX ix_deliveries_project ON deliveries (project);

CREATE TABLE faults (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project INTEGER, 
	profile VARCHAR, 
	body VARCHAR NOT NULL, 
	met INTEGER NOT NULL, 
	fired INTEGER NOT NULL
);

CREATE INDEX ix_faults_project ON faults (project);

CREATE TABLE fixture_sources (
	project INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	body VARCHAR NOT NULL, 
	PRIMARY KEY (project, number)
)
 WITHOUT ROWID;

CREATE TABLE fixtures (
	project INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	source INTEGER NOT NULL, 
	document INTEGER NOT NULL, 
	uses_left INTEGER, 
	PRIMARY KEY (project, name)
)
 WITHOUT ROWID;

CREATE TABLE jobs (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR NOT NULL, 
	project INTEGER NOT NULL, 
	family VARCHAR NOT NULL, 
	region VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	progress VARCHAR NOT NULL, 
	created INTEGER NOT NULL, 
	started INTEGER, 
	finished INTEGER, 
	due INTEGER, 
	hold_at VARCHAR, 
	waiting BOOLEAN NOT NULL, 
	prepared BOOLEAN NOT NULL, 
	queue_time INTEGER NOT NULL, 
	processing_time INTEGER NOT NULL, 
	url VARCHAR NOT NULL, 
	upload VARCHAR, 
	language VARCHAR, 
	params VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	fixture VARCHAR, 
	transcript VARCHAR, 
	duration INTEGER, 
	channels INTEGER, 
	silent BOOLEAN NOT NULL, 
	spoken VARCHAR, 
	planned_failure VARCHAR, 
	failure VARCHAR, 
	detail VARCHAR, 
	options VARCHAR, 
	callback VARCHAR, 
	callback_status INTEGER, 
	redacts BOOLEAN NOT NULL, 
	webhook_fault VARCHAR, 
	priority INTEGER NOT NULL, 
	fallback BOOLEAN NOT NULL, 
	deleted INTEGER, 
	removed BOOLEAN NOT NULL, 
	CHECK (status IN ('queued', 'processing', 'completed', 'error', 'cancelled')), 
	UNIQUE (id)
);

CREATE INDEX jobs_due ON jobs (project, due, number) WHERE due IS NOT NULL;

CREATE INDEX jobs_not_completed ON jobs (project, family, status, region, created, number) WHERE status <> 'completed';

CREATE INDEX jobs_of_project ON jobs (project, family, region, created, number);

CREATE INDEX jobs_unprepared ON jobs (number) WHERE NOT prepared;

CREATE INDEX jobs_waiting ON jobs (project, family, priority DESC, number) WHERE waiting;

CREATE INDEX jobs_with_upload ON jobs (upload) WHERE upload IS NOT NULL;

CREATE TABLE keys (
	number INTEGER NOT NULL, 
	fingerprint VARCHAR NOT NULL, 
	label VARCHAR NOT NULL, 
	"key" VARCHAR, 
	name VARCHAR, 
	world VARCHAR NOT NULL, 
	created INTEGER NOT NULL, 
	revoked BOOLEAN NOT NULL, 
	PRIMARY KEY (number), 
	UNIQUE (fingerprint), 
	UNIQUE (name)
);

CREATE TABLE meta (
	name VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);

CREATE TABLE projects (
	id INTEGER NOT NULL, 
	fingerprint VARCHAR NOT NULL, 
	label VARCHAR NOT NULL, 
	jobs INTEGER NOT NULL, 
	uploads INTEGER NOT NULL, 
	clock VARCHAR, 
	terms VARCHAR, 
	given VARCHAR, 
	prompts INTEGER NOT NULL, 
	sessions INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (fingerprint)
);

CREATE TABLE prompts (
	id VARCHAR NOT NULL, 
	project INTEGER NOT NULL, 
	created INTEGER NOT NULL, 
	body VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);

CREATE INDEX ix_prompts_project ON prompts (project);

CREATE TABLE replies (
	job INTEGER NOT NULL, 
	until INTEGER, 
	body BLOB NOT NULL, 
	PRIMARY KEY (job)
);

CREATE TABLE transcripts (
	"key" VARCHAR NOT NULL, 
	body BLOB NOT NULL, 
	PRIMARY KEY ("key")
);

CREATE TABLE transitions (
	job INTEGER NOT NULL, 
	to_status VARCHAR NOT NULL, 
	from_status VARCHAR NOT NULL, 
	at INTEGER NOT NULL, 
	why VARCHAR NOT NULL, 
	PRIMARY KEY (job, to_status), 
	CHECK (from_status || '>' || to_status IN ('queued>processing', 'processing>completed', 'processing>error', 'queued>cancelled', 'processing>cancelled'))
)
 WITHOUT ROWID;

CREATE TABLE uploads (
	id VARCHAR NOT NULL, 
	project INTEGER NOT NULL, 
	region VARCHAR NOT NULL, 
	created INTEGER NOT NULL, 
	name VARCHAR, 
	size INTEGER NOT NULL, 
	sha256 VARCHAR NOT NULL, 
	duration INTEGER, 
	channels INTEGER, 
	failure VARCHAR, 
	detail VARCHAR, 
	expires INTEGER, 
	PRIMARY KEY (id)
);

CREATE INDEX ix_uploads_project ON uploads (project);

CREATE INDEX uploads_expiring ON uploads (project, expires) WHERE expires IS NOT NULL;

