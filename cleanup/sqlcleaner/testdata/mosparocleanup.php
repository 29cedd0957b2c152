// Runs mosparo's own CleanupHelper as its command mosparo:cleanup-database does, and
// prints the seconds of wall clock that it took, and its result. Arguments: the directory
// that .ci/mosparo makes, and the parameters of Doctrine's connection as JSON.
use Doctrine\DBAL\DriverManager;
use Doctrine\DBAL\Types\Type;
use Doctrine\ORM\EntityManager;
use Doctrine\ORM\EntityManagerInterface;
use Doctrine\ORM\EntityRepository;
use Doctrine\ORM\Mapping\UnderscoreNamingStrategy;
use Doctrine\ORM\ORMSetup;
use Doctrine\ORM\Repository\RepositoryFactory;
use Mosparo\Enum\CleanupExecutor;
use Mosparo\Helper\CleanupHelper;
use Mosparo\Helper\ProjectHelper;
use Symfony\Component\Cache\Adapter\ArrayAdapter;

[, $root, $parameters] = $argv;
spl_autoload_register(function (string $class) use ($root): void {
    $directory = '/doctrine/usr/share/php/';
    if (str_starts_with($class, 'Mosparo\\')) [$directory, $class] = ['/source/src/', substr($class, strlen('Mosparo\\'))];
    $file = $root . $directory . strtr($class, '\\', '/') . '.php';
    if (is_file($file)) require $file;
    elseif (preg_match('/^(Symfony|Scheb)\\\\(.*)\\\\(\w+Interface)$/', $class, $m)) eval("namespace $m[1]\\$m[2]; interface $m[3] {}"); // of entities that the cleanup does not load
});

// The cleanup reads no column of these types but those of project, which are empty.
class PlainType extends Doctrine\DBAL\Types\TextType {}
foreach (['encrypted', 'hashed', 'encryptedJson', 'encryptedArrayCollection'] as $name) Type::addType($name, PlainType::class);
foreach (['array' => 'ArrayType', 'object' => 'ObjectType'] as $name => $class) {
    Type::hasType($name) ? Type::overrideType($name, 'Mosparo\\Doctrine\\Type\\' . $class) : Type::addType($name, 'Mosparo\\Doctrine\\Type\\' . $class);
}

$config = ORMSetup::createAttributeMetadataConfiguration([$root . '/source/src/Entity'], true, sys_get_temp_dir(), new ArrayAdapter());
$config->setNamingStrategy(new UnderscoreNamingStrategy(CASE_LOWER, true));
$config->setRepositoryFactory(new class implements RepositoryFactory { // the repositories of the entities need Symfony's bundle
    public function getRepository(EntityManagerInterface $em, string $entityName): EntityRepository
    {
        return new EntityRepository($em, $em->getClassMetadata($entityName));
    }
});
$em = new EntityManager(DriverManager::getConnection(json_decode($parameters, true), $config), $config);
$projects = (new ReflectionClass(ProjectHelper::class))->newInstanceWithoutConstructor(); // without an active project
$helper = new CleanupHelper($em, $projects, new Psr\Log\NullLogger(), new ArrayAdapter());

$began = hrtime(true);
$result = $helper->cleanup(1000000, true, false, 0, CleanupExecutor::CLEANUP_COMMAND);
printf("%.6f %s\n", (hrtime(true) - $began) / 1e9, $result->name);
