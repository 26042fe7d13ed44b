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

