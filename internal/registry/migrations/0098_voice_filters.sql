-- +goose Up
-- Every filter of a list of texts is answered from one index, without the rows,
-- which are long: that of all texts, or that of a topic's, which therefore has
-- what can be asked of a text beside the topic.
DROP INDEX voices_figures;
DROP INDEX voices_sentiment;
DROP INDEX voices_at;
CREATE INDEX voices_filters ON voices (worded, at, id, sentiment, urgency, language, platform, touchpoint);

ALTER TABLE voice_topics ADD COLUMN urgency SMALLINT NOT NULL DEFAULT -9;
ALTER TABLE voice_topics ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE voice_topics ADD COLUMN platform TEXT NOT NULL DEFAULT '';
ALTER TABLE voice_topics ADD COLUMN touchpoint TEXT NOT NULL DEFAULT '';
ALTER TABLE voice_topics ADD COLUMN person TEXT NOT NULL DEFAULT '';
UPDATE voice_topics SET
    urgency = (SELECT v.urgency FROM voices v WHERE v.id = voice_topics.voice),
    language = (SELECT v.language FROM voices v WHERE v.id = voice_topics.voice),
    platform = (SELECT v.platform FROM voices v WHERE v.id = voice_topics.voice),
    touchpoint = (SELECT v.touchpoint FROM voices v WHERE v.id = voice_topics.voice),
    person = (SELECT v.person FROM voices v WHERE v.id = voice_topics.voice)
WHERE EXISTS (SELECT 1 FROM voices v WHERE v.id = voice_topics.voice);
DROP INDEX voice_topics_topic;
CREATE INDEX voice_topics_filters ON voice_topics (topic, at, voice, sentiment, urgency, language, platform, touchpoint, person);
