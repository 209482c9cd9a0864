// Package registry is where the services' images are kept: an ECR repository for each, and the way of the images into them.
//
// What it fixes: tags that nobody can move to another image, a scan of every image that arrives, encryption by the stack's own
// key, a repository that isn't deleted while it holds images unless protection is off, and a reference by digest that is known
// only once the image is there, so that no pod is told of an image that can't be pulled.
//
// What varies: the images, how they are pushed, how many of each are kept.
//
// What it refuses, before registering anything and all together: no image, no way to push one, a missing key, and fewer than two
// images kept: the running one and the one to go back to.
package registry
