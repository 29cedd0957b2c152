package shell

// GuideHelp is the end of the help text of each program: where its errors are explained.
const GuideHelp = `What its errors mean and what to do is in the repository's guide for operators,
examples/deploy/README.md, under "What can go wrong". "mosparoctl doctor" finds
the cause of most of them.
`
