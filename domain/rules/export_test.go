package rules

// CalendarFile is the built-in calendar as it is stored.
var CalendarFile = calendarFile
