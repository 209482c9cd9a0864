// Package simulator lets every vehicle of a fleet report where it is, once per interval, spread evenly over it.
//
// A report that is due is made once and kept until the queue takes it. When the queue holds it up, the reports that
// would have been due meanwhile are left out rather than sent in a burst: a vehicle says where it is, not where it
// was.
package simulator
