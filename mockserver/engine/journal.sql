CREATE TABLE journal (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project INTEGER NOT NULL, 
	batch INTEGER NOT NULL, 
	first INTEGER NOT NULL, 
	last INTEGER NOT NULL, 
	entries INTEGER NOT NULL, 
	kept INTEGER NOT NULL, 
	facts BLOB NOT NULL, 
	bodies BLOB NOT NULL
);

CREATE INDEX journal_of_project ON journal (project, number, entries, kept);

CREATE TABLE sessions (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project INTEGER NOT NULL, 
	id VARCHAR NOT NULL, 
	kept INTEGER NOT NULL, 
	facts BLOB NOT NULL, 
	lines BLOB NOT NULL
);

CREATE INDEX ix_sessions_id ON sessions (id);

CREATE INDEX sessions_of_project ON sessions (project, number, kept);

