// Package language reads what people write: in which language, how they feel
// about it, what it is about, how urgent it is, how much trouble they had, and
// how they say it. It works on the machine it runs on, in plain Go, with small
// linear models that `regia language train` makes from licensed texts and from
// messages written for Regia.
//
// A text becomes a vector of features (features.go): words, pairs and pieces of
// words, hashed, and a few counts by hand (signs.go) such as how many good and
// bad words it has, negations minded. A Model (model.go) multiplies it by a
// table of small whole numbers. Training is in train.go and linear.go, the
// texts it learns from in corpus.go.
package language
