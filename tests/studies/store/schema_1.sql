CREATE TABLE answers (
	session VARCHAR(20) NOT NULL,
	trial_index INTEGER NOT NULL,
	study VARCHAR(63) NOT NULL,
	nonce VARCHAR(64) NOT NULL,
	study_hash VARCHAR(64) NOT NULL,
	app_version VARCHAR(40) NOT NULL,
	position INTEGER,
	chosen INTEGER,
	value FLOAT,
	text TEXT,
	correct BOOLEAN,
	response_time_ms FLOAT,
	answered_at BIGINT NOT NULL,
	hidden_ms FLOAT,
	blurs INTEGER,
	frames_dropped INTEGER,
	images_ok BOOLEAN,
	PRIMARY KEY (session, trial_index)
);
INSERT INTO answers VALUES('c64e89ebdc68cc39',0,'old','n0','09abd5b793ee286184cd7ff528d90f02af02e2e269f7bcc93f0f332d2f88e1e3','0.1.0',0,1,NULL,NULL,false,900.0,1790000002000000,0.0,0,0,true);
INSERT INTO answers VALUES('c64e89ebdc68cc39',1,'old','n1','09abd5b793ee286184cd7ff528d90f02af02e2e269f7bcc93f0f332d2f88e1e3','0.1.0',1,2,NULL,NULL,false,901.0,1790000003000000,0.0,0,0,true);
INSERT INTO answers VALUES('c64e89ebdc68cc39',2,'old','n2','09abd5b793ee286184cd7ff528d90f02af02e2e269f7bcc93f0f332d2f88e1e3','0.1.0',2,2,NULL,NULL,false,902.0,1790000004000000,0.0,0,0,true);
INSERT INTO answers VALUES('c9c79b31fbfe0bad',0,'old','m0','09abd5b793ee286184cd7ff528d90f02af02e2e269f7bcc93f0f332d2f88e1e3','0.1.0',1,0,NULL,NULL,true,700.0,1790000007000000,0.0,0,0,true);
CREATE TABLE events (
	id INTEGER NOT NULL,
	study VARCHAR(63) NOT NULL,
	session VARCHAR(20),
	kind VARCHAR(20) NOT NULL,
	at BIGINT NOT NULL,
	detail JSON,
	PRIMARY KEY (id)
);
INSERT INTO events VALUES(1,'old','c64e89ebdc68cc39','started',1790000001000000,'null');
INSERT INTO events VALUES(2,'old','c64e89ebdc68cc39','finished',1790000005000000,'null');
INSERT INTO events VALUES(3,'old','c9c79b31fbfe0bad','started',1790000006000000,'null');
CREATE TABLE meta (
	"key" VARCHAR(50) NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY ("key")
);
INSERT INTO meta VALUES('schema_version','1');
INSERT INTO meta VALUES('pepper','3b1913de9dfc1a05aeca49abf49ebe6c4d1e6867a4a062bbea7c4cdf96635ffd');
CREATE TABLE sessions (
	id VARCHAR(20) NOT NULL,
	study VARCHAR(63) NOT NULL,
	token_hash VARCHAR(64) NOT NULL,
	secret VARCHAR(64) NOT NULL,
	participant VARCHAR(40) NOT NULL,
	panel VARCHAR(10) NOT NULL,
	person VARCHAR(64),
	panel_ids JSON,
	language VARCHAR(20),
	device VARCHAR(10),
	viewport JSON,
	simulated BOOLEAN NOT NULL,
	state VARCHAR(10) NOT NULL,
	holding BOOLEAN NOT NULL,
	trials INTEGER NOT NULL,
	next_index INTEGER NOT NULL,
	breaks JSON NOT NULL,
	questions JSON,
	started_at BIGINT NOT NULL,
	last_seen BIGINT NOT NULL,
	finished_at BIGINT,
	PRIMARY KEY (id),
	UNIQUE (token_hash)
);
INSERT INTO sessions VALUES('c64e89ebdc68cc39','old','1d94b22339b3d3bc4c0aa85a4bf7282f9053933567a59ba051b1bbf9805d2fb7','3179cb879d0f808978a5cfa048c98754bd85ef8dad5d2139349d009febfe66ce','pc64e89ebdc68cc39','none',NULL,'null','en','phone','null',false,'finished',false,3,3,'[]','null',1790000001000000,1790000005000000,1790000005000000);
INSERT INTO sessions VALUES('c9c79b31fbfe0bad','old','5e1444c25038b2287ecc3c1f72433190b5f011129adf8c740fa59102893657d7','6f07c7644ce121faff033e96a2990ff041f48e61d461a0bbc4aa53abb44e8f67','pc9c79b31fbfe0bad','none',NULL,'null','zh','desktop','null',false,'open',true,3,1,'[]','null',1790000006000000,1790000007000000,NULL);
CREATE TABLE slots (
	session VARCHAR(20) NOT NULL,
	trial_index INTEGER NOT NULL,
	study VARCHAR(63) NOT NULL,
	item VARCHAR(100) NOT NULL,
	role VARCHAR(10) NOT NULL,
	"order" JSON NOT NULL,
	draw INTEGER NOT NULL,
	state VARCHAR(10) NOT NULL,
	opened_at BIGINT NOT NULL,
	PRIMARY KEY (session, trial_index)
);
INSERT INTO slots VALUES('c64e89ebdc68cc39',0,'old','main-1','main','[1, 2, 0]',0,'answered',1790000001000000);
INSERT INTO slots VALUES('c64e89ebdc68cc39',1,'old','main-0','main','[0, 2, 1]',0,'answered',1790000001000000);
INSERT INTO slots VALUES('c64e89ebdc68cc39',2,'old','main-2','main','[1, 0, 2]',0,'answered',1790000001000000);
INSERT INTO slots VALUES('c9c79b31fbfe0bad',0,'old','main-0','main','[1, 0, 2]',1,'answered',1790000006000000);
INSERT INTO slots VALUES('c9c79b31fbfe0bad',1,'old','main-1','main','[2, 0, 1]',1,'open',1790000006000000);
INSERT INTO slots VALUES('c9c79b31fbfe0bad',2,'old','main-2','main','[0, 2, 1]',1,'open',1790000006000000);
CREATE TABLE studies (
	study VARCHAR(63) NOT NULL,
	hash VARCHAR(64) NOT NULL,
	app_version VARCHAR(40) NOT NULL,
	registered_at BIGINT NOT NULL,
	PRIMARY KEY (study)
);
INSERT INTO studies VALUES('old','09abd5b793ee286184cd7ff528d90f02af02e2e269f7bcc93f0f332d2f88e1e3','0.1.0',1790000000000000);
CREATE TABLE tallies (
	study VARCHAR(63) NOT NULL,
	item VARCHAR(100) NOT NULL,
	simulated BOOLEAN NOT NULL,
	role VARCHAR(10) NOT NULL,
	state VARCHAR(10) NOT NULL,
	taken INTEGER NOT NULL,
	answered INTEGER NOT NULL,
	drawn INTEGER NOT NULL,
	votes JSON NOT NULL,
	doubt FLOAT NOT NULL,
	jitter FLOAT NOT NULL,
	PRIMARY KEY (study, item, simulated)
);
INSERT INTO tallies VALUES('old','main-0',false,'main','open',2,2,2,'{"2": 1, "0": 1}',9.6022971786076116718e-01,4.01875502785108307257e-01);
INSERT INTO tallies VALUES('old','main-1',false,'main','open',2,1,2,'{"1": 1}',0.946394630357186,9.71790242900183232066e-01);
INSERT INTO tallies VALUES('old','main-2',false,'main','open',2,1,2,'{"2": 1}',0.946394630357186,1.78713659439831307196e-01);
CREATE INDEX tallies_by_need ON tallies (study, simulated, role, state, taken);
CREATE INDEX sessions_by_age ON sessions (study, state, holding, last_seen);
CREATE INDEX sessions_by_person ON sessions (study, person);
CREATE INDEX slots_by_item ON slots (study, item);
CREATE INDEX answers_by_time ON answers (study, answered_at);
CREATE INDEX events_by_kind ON events (study, kind);
